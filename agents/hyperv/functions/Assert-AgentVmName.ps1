function Assert-AgentVmName {
    <#
    .SYNOPSIS
    SPEC_INVALID for no name, VM_EXISTS for one that a machine has already, in any case of letters.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param([Parameter(Mandatory = $true)] [AllowNull()] [object] $Name, [string] $Except = '')
    if ($Name -isnot [string] -or $Name -cnotmatch '\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z') {
        throw (New-AgentFailure -Code SPEC_INVALID -Message 'A name has letters, digits, dots, dashes and underscores.' -Pointer '/name')
    }
    Assert-AgentFileName -Name $Name
    foreach ($vm in @(Get-VM)) {
        if ([string]$vm.Name -eq $Name -and (ConvertTo-AgentId -Vm $vm) -cne $Except.ToLowerInvariant()) {
            throw (New-AgentFailure -Code VM_EXISTS -Message "There is a virtual machine named $Name already." -Pointer '/name')
        }
    }
}
