function Assert-AgentState {
    <#
    .SYNOPSIS
    VM_STATE_INVALID unless the machine is in one of the states, VM_BUSY while it changes its state.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [string[]] $State,
        [Parameter(Mandatory = $true)] [string] $Message,
        [string[]] $Pointer = @()
    )
    $now = ConvertTo-AgentState -State $Vm.State
    if ($State -ccontains $now) { return }
    $code = 'VM_STATE_INVALID'
    if (@('starting', 'stopping') -ccontains $now) { $code = 'VM_BUSY' }
    throw (New-AgentFailure -Code $code -Message "The virtual machine is $now; $Message." -Pointer $Pointer)
}
