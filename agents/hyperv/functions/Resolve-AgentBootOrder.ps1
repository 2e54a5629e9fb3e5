function Resolve-AgentBootOrder {
    <#
    .SYNOPSIS
    The devices that names or ids of a boot order mean, or VM_CONFIG_INVALID.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [object[]] $Words
    )
    $devices = @(Get-AgentDevice -Vm $Vm -Note (Read-AgentNote -Text $Vm.Notes))
    for ($index = 0; $index -lt $Words.Count; $index++) {
        $found = Find-AgentDevice -Devices $devices -Word $Words[$index]
        if ($null -eq $found) { throw (New-AgentFailure -Code VM_CONFIG_INVALID -Message "boot_order names a device that the virtual machine has not: $($Words[$index])." -Pointer "/boot_order/$index") }
        $found
    }
}
