function Get-AgentCimVm {
    <#
    .SYNOPSIS
    Msvm_ComputerSystem of a machine.
    #>
    [CmdletBinding()]
    [OutputType([object])]
    param([Parameter(Mandatory = $true)] [object] $Vm)
    $id = ([guid]$Vm.Id).ToString('D').ToUpperInvariant()
    $found = @(Get-CimInstance -Namespace 'root\virtualization\v2' -ClassName 'Msvm_ComputerSystem' -Filter "Name='$id'")
    if ($found.Count -eq 0) { throw (New-AgentFailure -Code VM_NOT_FOUND -Message 'WMI knows no such virtual machine.' -Pointer '/vm') }
    $found[0]
}
